"""Turns a page of reports into the rows that the digest counts, and says which texts are to be judged."""
