"""Chinese text tools shared by both environments: normalise, segment, encode, read the mood of a line."""
