"""Composes the record of a picture: pure transformation, without boto3."""
