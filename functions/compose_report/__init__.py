"""Composes the report of a message: pure transformation, without boto3."""
