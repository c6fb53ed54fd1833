"""An emulated Retell: phone calls that ring, talk, end and report themselves by signed webhooks."""
