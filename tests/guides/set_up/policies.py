"""A usual token of the resource server, and one for another."""


def set_up(world):
    issuer = world.issuer("https://auth.example.com")
    claims = {"sub": "alice", "client_id": "web-app", "department": "sales"}
    invoices = {**claims, "aud": "https://invoices.example.com", "scope": "invoices:read profile"}
    world.write("invoices.txt", issuer.sign(invoices, typ="at+jwt"))
    payments = {**claims, "aud": "https://payments.example.com", "scope": "payments:read"}
    world.write("payments.txt", issuer.sign(payments, typ="at+jwt"))
