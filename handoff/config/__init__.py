"""What a shop sets while it runs: validated documents, each change versioned and audited, in force in every process."""
