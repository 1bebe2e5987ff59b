"""
HTTP: requests and replies as values, and how they travel.

`wire` builds requests and reads replies without I/O; `transport` sends each create once
through `limiter`; `raw_http` keeps the bytes of a reply that no HTTP parser accepts;
`retry_after` reads that header.
"""
