"""Relays: TypeScript functions of the hosted project that pass requests to deployed Python ones."""
