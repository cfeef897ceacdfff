"""What the HTTP handlers work with, handed to each by Litestar's injection."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from litestar.params import Dependency

from renown.api.access import Access
from renown.api.metrics import Metrics
from renown.gateway import Gateway
from renown.gateway.admission.permissions import Permissions
from renown.gateway.admission.tokens import Tokens
from renown.gateway.course import Course
from renown.gateway.nodes.figures import Gathering
from renown.intake import Limits
from renown.ledger import Ledger
from renown.policy import Policies

__all__ = ["Services", "Use"]


@dataclass(slots=True, kw_only=True)
class Services:
    """The parts of a running server that the HTTP API speaks to."""

    ledger: Ledger
    gateway: Gateway
    course: Course
    """The last minutes of the gateways of all processes."""
    figures: Gathering
    """What those have counted."""
    policies: Policies
    access: Access
    permissions: Permissions
    tokens: Tokens
    token_lifetime: float
    """Seconds that a token is good when its request does not say."""
    metrics: Metrics
    limits: Limits
    static: Path
    """Folder of the built web files; it need not exist."""
    dev: bool
    clock: Callable[[], float]
    """POSIX seconds now."""
    ready: bool = False
    """False while starting and from the first moment of draining."""


Use = Annotated[Services, Dependency(skip_validation=True)]
"""The type of a handler's `services` parameter."""
