"""The administrators' endpoints: settings, people, audit."""
