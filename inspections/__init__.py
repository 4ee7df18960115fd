"""The domain: sites under inspection, visits to them, and the cases that come of what was found.

An officer visits a site and answers its checklist; what departs from a requirement is a finding, which opens
a case or joins it; a ledger keeps all of it.

Layers, downwards: `web` → use cases (`sites`, `visits`, `cases`) → `ledger`, `permissions`, `evidence`,
`checklists`, `store` → `models` → pure rules and words.
"""
