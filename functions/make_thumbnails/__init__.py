"""Makes the two small versions of a picture."""
