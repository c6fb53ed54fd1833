"""Emulated Retell API (https://docs.retellai.com): simulated phone calls and signed webhooks."""
