"""Failures of a job, and whether another try may succeed."""

from typing import ClassVar


class WorkError(Exception):
    """A job cannot be done. `error_type` is reported; another try may help if `is_retryable`."""

    error_type: ClassVar[str] = "failed"
    is_retryable: ClassVar[bool] = False


class BadTaskError(WorkError):
    """The job asks for what cannot be made, or its reference is not an image."""

    error_type = "invalid_input"


class ProviderError(WorkError):
    """The provider refuses the job."""

    error_type = "provider"


class ProviderConfigurationError(ProviderError):
    """The key, URL or model of the back-end is wrong."""

    error_type = "configuration"


class NetworkError(WorkError):
    """The provider or the project cannot be reached, or answers 429 or 5xx."""

    error_type = "network"
    is_retryable = True


class SlowError(WorkError):
    """The provider did not finish in time."""

    error_type = "timeout"
    is_retryable = True


class OutOfMemoryError(WorkError):
    """The GPU has too little memory at the moment."""

    error_type = "oom"
    is_retryable = True
