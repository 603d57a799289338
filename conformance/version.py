"""The version of the suite: which cases there are. It is neither that of the contract nor that of RCMLRS."""

VERSION = "1.0"
"""Another one whenever a case is added, taken away or drawn otherwise: certificates of two versions do not compare."""
