"""A simulated Twilio: a provider like any other, on one machine.

It takes ``POST /2010-04-01/Accounts/{sid}/Messages.json`` as Twilio does, posts signed webhooks and status callbacks,
keeps opt-outs as a carrier would, has a control API under ``/_sim/`` for people and tests, and a page that looks like a
phone under ``/handset/``.

``app`` routes and control API · ``api`` the Messages resource · ``webhook`` incoming messages, signed ·
``delivery`` progress and status callbacks · ``store`` what was sent and received · ``segments`` GSM-7 and UCS-2 ·
``faults`` failures on demand · ``media`` pictures behind Basic auth ·
``pages`` the handset
"""
