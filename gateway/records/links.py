"""The links by which customers see their tickets."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

from gateway.errors import Missing
from handoff.records.model import Ticket


class TicketLinks:
    """Signed names of tickets: whoever has one may see that ticket's page."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="jiehua.ticket")

    def token(self, ticket: Ticket) -> str:
        """The token of a ticket's link as it is valid now."""
        return str(self._signer.dumps([ticket.ticket_id, ticket.link]))

    def read(self, token: str) -> tuple[str, int]:
        """(ticket id, number of the link); raises Missing for anything that is no token of ours."""
        try:
            one, link = self._signer.loads(token) if len(token) <= 256 else ("", 0)
        except (BadSignature, ValueError, TypeError) as error:
            raise Missing("这个工单链接无效。") from error
        return str(one), int(link)
