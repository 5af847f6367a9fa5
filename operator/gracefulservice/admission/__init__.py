"""Admission: the API server asks whether a GracefulService may be stored, and is answered by every replica.

    review         pure: a request of the API server, and the answer to it
    claims         pure: what two services of one namespace cannot both have
    certificates   pure: the keys of the server, and what becomes of them as time passes
    keeper         thin: keeps the keys in a Secret, and their authorities in the webhook's configuration
    server         thin: HTTPS

Nothing depends on it: the API server stores what nobody answers about, and reconcile repeats the rules.
"""
