"""Files of areas and of registers of sites, taken in by steps: received, checked, applied; and undone.

Checking reads the file (`geo.sources`), finds its table (`opening`, `tables`, `headings`), reads positions
(`places`) and cells, and says row by row what would come of it (`sites`, `areas`); nothing is written but
what it found (`staging`). A person answers what only a person can. Applying (`applying`) is one transaction
with its entries in the ledger. `batches` keeps the files and their state, `jobs` does the long work.
"""
