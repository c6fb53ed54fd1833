"""A claimed contact, rendered as the provider's create-phone-call request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class DialRequest:
    """One row of public.claim_contacts_v1; the lease token proves the claim."""

    attempt_id: str
    lease_token: str
    idempotency_key: str
    organization_id: str
    campaign_id: str
    contact_id: int
    phone: str
    name: str
    email: str | None
    company: str | None
    notes: str | None
    variables: Mapping[str, Any]
    campaign_name: str
    from_number: str
    retell_agent_id: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "DialRequest":
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    def call_arguments(self) -> dict[str, Any]:
        """Render the body of create-phone-call; the idempotency key is stable per attempt."""
        return {
            "from_number": self.from_number,
            "to_number": self.phone,
            "override_agent_id": self.retell_agent_id,
            "retell_llm_dynamic_variables": self._dynamic_variables(),
            "metadata": {
                "campaign_id": self.campaign_id,
                "contact_id": str(self.contact_id),
                "attempt_id": self.attempt_id,
            },
            "idempotency_key": self.idempotency_key,
            "honor_internal_dnc": True,
        }

    def _dynamic_variables(self) -> dict[str, str]:
        """Contact fields override variables of the same name; Retell accepts strings only."""
        own = {
            "name": self.name,
            "email": self.email,
            "company": self.company,
            "notes": self.notes,
            "campaign": self.campaign_name,
        }
        given = {name: value for name, value in own.items() if value}
        return {
            name: _render_variable(value)
            for name, value in {**self.variables, **given}.items()
            if value is not None
        }


def _render_variable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
