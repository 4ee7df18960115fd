"""The rows. One import maps every class, so that metadata and relationships are whole."""

from inspections.models.base import Base
from inspections.models.cases import Case
from inspections.models.imports import ImportBatch, ImportMapping, ImportMessage, ImportRow
from inspections.models.layers import Layer, LayerFeature
from inspections.models.ledger import LedgerEntry
from inspections.models.people import Body, KeptForm, Officer, ScopeArea, ScopeKind, SignIn, SignInFailure
from inspections.models.sites import Area, Counter, Operator, Site
from inspections.models.visits import Evidence, Finding, Visit
