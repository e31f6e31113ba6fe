"""OData v4 as ODK Central speaks it: what is asked for, the tables of a form as JSON, their description as EDMX.

Facts from getodk/central-backend: lib/resources/odata.js, lib/formats/odata.js, lib/data/odata.js, lib/data/odata-filter.js,
lib/http/endpoint.js and docs/api.yaml. Beyond it: filters on answers, and paging that does not slow down with depth.
"""
