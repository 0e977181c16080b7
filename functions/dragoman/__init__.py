"""What the functions share: the Lambda layer. Each module is imported only by those who need it, for the sake of cold
starts."""
