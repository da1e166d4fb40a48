# METADATA
# title: The establishment
# description: What the establishment of the work situation owes before its professionals open a record in an emergency (rules.md E5).
package pontlevis.access.establishment

import rego.v2

import data.pontlevis.access.emergency

# METADATA
# title: Overdue reviews ask for a typed reason
# description: An establishment with emergency cases past their date must say more than the coded reason.
# custom:
#   rule: E5.overdue
#   layer: establishment
#   reason:
#     fr: Votre établissement a des accès d'urgence non examinés dans les délais ; un motif écrit est demandé.
#     en: Your establishment has emergency accesses not reviewed in time; a reason in writing is required.
#   remedy:
#     fr: Écrivez le motif de cet accès ; l'établissement doit clore les dossiers en retard.
#     en: Write the reason of this access; the establishment must close its overdue cases.
#   source: rules.md E5
standing contains "E5.overdue" if {
	emergency.mode
	not input.establishment.overdue_cases == 0
	not input.grant.typed_reason != ""
}
