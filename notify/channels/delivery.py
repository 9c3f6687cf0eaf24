"""What every way out has in common: a message is taken, or it is not and the reason says why."""

from scraper.errors import RegisterWatchError


class DeliveryError(RegisterWatchError):
    """A message that was not taken. The reason names no address and repeats no word of whoever refused it."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        server: bool = False,
        lasting: bool = False,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status  # of the server's answer; None if there was none
        self.server = server  # the trouble is not this message's or its reader's, but the server's
        self.lasting = lasting  # asking again in this round is of no use
        self.wait_s = wait_s  # how long the receiver asked to be left alone
