// Package storybook shows each piece of the pages of people with invented data, in the demo alone: to choose from, and to see
// at a glance what a change of the style sheet does.
package storybook
