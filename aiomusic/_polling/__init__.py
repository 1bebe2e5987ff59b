"""
When to poll a task: pure arithmetic on ages and durations in seconds.

`forecast` learns how long tasks take, `plan` places polls on a forecast, `ration`
prices them where the rate is capped, and `schedule` joins the three.
"""
