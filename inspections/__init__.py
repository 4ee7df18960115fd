"""What an inspection is: an officer visits a site, answers its checklist, and what departs from a requirement
is a finding that opens or joins a case; a ledger keeps all of it.

Layers, downwards: `web` → use cases (`sites`, `visits`, `cases`) → `ledger`, `permissions`, `evidence`,
`checklists`, `store` → `models` → pure rules and words.
"""
