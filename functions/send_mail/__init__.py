"""Sends an e-mail with pictures in it, which Step Functions cannot be sure to do."""
