"""Arranges what Rekognition saw in a picture: pure transformation, without boto3."""
