# METADATA
# title: Sections of the space
# description: Which part of the space a resource belongs to, and how far the decision looks.
package pontlevis.section

import rego.v2

# METADATA
# title: Section
# description: From the type; a type that is not listed falls in the strictest section.
default name := "strict"

name := data.pontlevis.sections[input.resource.type]

# METADATA
# title: Audience
# description: Who may reach this section at all, as data.
audience := data.pontlevis.audience[name]

# METADATA
# title: Directory
# description: Professionals, organisations, medications and other resources that belong to nobody's space.
directory if name == "directory"

# METADATA
# title: The question is about a type
# description: The resource is known by its type alone; each match is decided on its own afterwards.
# scope: document
whole_type if input.action == "search"

whole_type if gesture

# METADATA
# title: A gesture of an emergency
# description: Finding the person, asking what is needed, opening, looking at what was opened, ending. It reads nothing of the record.
gesture if input.action in {"open_emergency", "ask_emergency", "find_patient", "end_emergency", "emergency_receipt"}

whole_type if input.action == "look"

whole_type if input.action == "snapshot"

whole_type if input.action == "export"

# METADATA
# title: Described
# description: The attributes that the rules about one resource rest on are there.
described if {
	input.resource.id
	input.resource.labels
	input.resource.code
	input.resource.author
	input.resource.members
}
