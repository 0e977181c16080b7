"""Checks a question that is to be put to a contact, and arranges what is kept of it: pure, without boto3."""
