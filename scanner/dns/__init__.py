"""DNS security policies: which network's queries meet which rule.

A check has it all by `tenant.once(dns_of)`, from `gather`:

- `route(network)`: where a network's queries go; `routes.via` where one machine's do;
- `covered()`, `regions()` and `hubs()`: what sees them, and where they come together;
- `decide(name, policy)`: the rule that decides a name, and what it does;
- `shadowed(policy)`: what earlier rules leave to each rule;
- `resolve(name, network)`: all of it, for one name in one network.

Where names of private zones are answered, forwarding rulesets followed, is told by
`tenant.once(forwarding_of)`, from `forwarding`.

What is not known comes with an answer as doubts, and only where it could matter: a
check raises `NotRead` with the reason and gap of one.
"""
