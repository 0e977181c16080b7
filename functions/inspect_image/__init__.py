"""The gate for every picture: what passes is decoded once and written anew, within bounds and without metadata."""
