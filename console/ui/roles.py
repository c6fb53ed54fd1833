"""The choice of a caller: a role, or a user by id."""

from typing import Any, Final, cast

from nicegui import ui

_ROLES: Final = {
    "anon": "anon",
    "authenticated": "A user …",
    "service_role": "service_role",
    "none": "No key",
}
_SAME: Final = {"same": "The same caller"}


class RolePicker:
    """A choice of role, and a field for the user's id; `value` is what the API takes as `as`."""

    def __init__(self, *, same: bool = False, value: str = "") -> None:
        options = {**(_SAME if same else {}), **_ROLES}
        self._role = ui.select(options, label="As", value=value or next(iter(options)))
        self._role.props("dense outlined options-dense").classes("filter")
        self._user = ui.input("User id").props("dense outlined").classes("filter mono")
        self._user.bind_visibility_from(self._role, "value", value="authenticated")

    def choose(self, value: Any) -> None:
        """Choose a role, or the user of {"sub": …}; what cannot be chosen here is left."""
        if isinstance(value, dict):
            self._role.set_value("authenticated")
            self._user.set_value(str(cast("dict[str, Any]", value).get("sub", "")))
        elif value in self._role.options:
            self._role.set_value(value)

    @property
    def value(self) -> Any:
        """`same`, a role, or {"sub": …}."""
        role = self._role.value
        return {"sub": (self._user.value or "").strip()} if role == "authenticated" else role
