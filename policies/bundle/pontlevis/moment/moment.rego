# METADATA
# title: Time
# description: |
#   All times are decided with `input.now` (rules.md T3). Instants are RFC 3339 in UTC with whole seconds, as the input schema says,
#   so they compare as strings; dates compare with the beginning of an instant.
package pontlevis.moment

import rego.v2

# METADATA
# title: Now
# description: Nanoseconds since 1970, for arithmetic.
now := time.parse_rfc3339_ns(input.now)

# METADATA
# title: Live
# description: The period has begun and not ended; one without an end lasts.
# scope: document
live(period) if {
	period.since <= input.now
	not period.until
}

live(period) if {
	period.since <= input.now
	input.now < period.until
}

# METADATA
# title: Hours ago
# description: The instant that many hours before now.
hours_ago(hours) := time.format([now - (((hours * 3600) * 1000) * 1000000), "UTC", "RFC3339"])

# METADATA
# title: Hours ahead
# description: The instant that many hours after now.
hours_ahead(hours) := time.format([now + (((hours * 3600) * 1000) * 1000000), "UTC", "RFC3339"])

# METADATA
# title: Minutes ago
# description: The instant that many minutes before now.
minutes_ago(minutes) := time.format([now - (((minutes * 60) * 1000) * 1000000), "UTC", "RFC3339"])

# METADATA
# title: Date some years ago
# description: The date of that many years before now, `2006-01-02`.
years_ago(years) := years_before(input.now, years)

# METADATA
# title: Date some years before an instant
# description: The date of that many years before the instant, `2006-01-02`.
years_before(instant, years) := time.format([time.add_date(time.parse_rfc3339_ns(instant), 0 - years, 0, 0), "UTC", "2006-01-02"])
