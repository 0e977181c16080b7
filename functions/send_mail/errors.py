"""What becomes of an e-mail that does not go out. Neither text quotes SES, whose words name addresses."""

from dragoman.errors import DragomanError


class MailRefused(DragomanError):
    """SES does not take this e-mail, and will not take it later either."""

    metric = "MailsRefused"


class MailPostponed(DragomanError):
    """SES is busy, out of order or not to be reached, or the account has sent what it may for now."""

    metric = "MailsPostponed"
