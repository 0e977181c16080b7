"""Arranges what changes in the tables when an entry of the directory is written: pure, without boto3."""
