"""The default subjects and bodies of mails.

Follows supabase/auth (internal/mailer/templatemailer).
"""

from typing import Final

SUBJECTS: Final = {
    "invite": "You've been invited",
    "confirmation": "Confirm your email address",
    "recovery": "Reset your password",
    "magic_link": "Your sign-in link",
    "email_change": "Confirm your new email address",
    "reauthentication": "{{ .Token }} is your verification code",
    "password_changed_notification": "Your password was changed",
    "email_changed_notification": "Your email address was changed",
    "phone_changed_notification": "Your phone number was changed",
    "identity_linked_notification": "A new sign-in method was linked to your account",
    "identity_unlinked_notification": "A sign-in method was removed from your account",
    "mfa_factor_enrolled_notification": "A new verification method was added to your account",
    "mfa_factor_unenrolled_notification": "A verification method was removed from your account",
}

_CODE: Final = "<p>Or enter the code: {{ .Token }}</p>"
_NOT_YOU: Final = "<p>If you didn't make this change, contact support immediately.</p>"
BODIES: Final = {
    "invite": """<h2>You've been invited</h2>
<p>You've been invited to create an account. Follow the link below to accept.</p>
<p><a href="{{ .ConfirmationURL }}">Accept invitation</a></p>"""
    + _CODE,
    "confirmation": """<h2>Confirm your email address</h2>
<p>Follow the link below to confirm this email address and finish signing up.</p>
<p><a href="{{ .ConfirmationURL }}">Confirm email address</a></p>"""
    + _CODE,
    "recovery": """<h2>Reset your password</h2>
<p>We received a request to reset your password. Follow the link below to choose a new one.</p>
<p><a href="{{ .ConfirmationURL }}">Reset password</a></p>"""
    + _CODE
    + "<p>If you didn't request this, you can safely ignore this email.</p>",
    "magic_link": """<h2>Your sign-in link</h2>
<p>Follow the link below to sign in. This link expires shortly and can only be used once.</p>
<p><a href="{{ .ConfirmationURL }}">Sign in</a></p>"""
    + _CODE,
    "email_change": """<h2>Confirm your new email address</h2>
<p>Follow the link below to confirm {{ .NewEmail }} as your new email address.</p>
<p><a href="{{ .ConfirmationURL }}">Confirm new email address</a></p>"""
    + _CODE
    + "<p>If you didn't request this change, you can safely ignore this email.</p>",
    "reauthentication": """<h2>Your verification code</h2>
<p>Use the code below to verify your identity. It expires shortly.</p>
<p>{{ .Token }}</p>""",
    "password_changed_notification": """<h2>Your password was changed</h2>
<p>The password for your account was recently changed.</p>
<p>If you didn't make this change, reset your password and contact support immediately.</p>""",
    "email_changed_notification": """<h2>Your email address was changed</h2>
<p>The email address for your account was changed from {{ .OldEmail }} to {{ .Email }}.</p>"""
    + _NOT_YOU,
    "phone_changed_notification": """<h2>Your phone number was changed</h2>
<p>The phone number for your account was changed from {{ .OldPhone }} to {{ .Phone }}.</p>"""
    + _NOT_YOU,
    "identity_linked_notification": """<h2>A new sign-in method was linked</h2>
<p>Your {{ .Provider }} account was linked as a new sign-in method for {{ .Email }}.</p>"""
    + _NOT_YOU,
    "identity_unlinked_notification": """<h2>A sign-in method was removed</h2>
<p>Your {{ .Provider }} account was removed as a sign-in method for {{ .Email }}.</p>"""
    + _NOT_YOU,
    "mfa_factor_enrolled_notification": """<h2>A new verification method was added</h2>
<p>Sign-in verification method {{ .FactorType }} was added to your account.</p>"""
    + _NOT_YOU,
    "mfa_factor_unenrolled_notification": """<h2>A verification method was removed</h2>
<p>Sign-in verification method {{ .FactorType }} was removed from your account.</p>"""
    + _NOT_YOU,
}
