# Names of blend shapes and bones, matched across spellings: jawOpen, JawOpen, jaw_open, Face.M_F00_JawOpen,
# eyeBlink_L, mixamorig:Head are what they look like. Knows no mesh.
extends Reference

const SEPARATORS = "._- :/|"
const ENOUGH = 6  # letters with which a name may stand at the end of another without a separator

# The bones of a face by the plain names of what rigs call them.
const BONES = {
	"head": ["head"],
	"neck": ["neck", "neck1", "neck01", "upperneck"],
	"left_eye": ["lefteye", "eyeleft", "lfaceeye"],
	"right_eye": ["righteye", "eyeright", "rfaceeye"],
}


# A name in small letters without separators; a last L or R is spelled out.
static func plain(name):
	var size = name.length()
	if size > 2:
		var side = name[size - 1]
		var before = name[size - 2]
		var alone = before in SEPARATORS
		var stands_out = before != before.to_upper() and side == side.to_upper()
		if side in "LlRr" and (alone or stands_out):
			name = name.substr(0, size - 1) + ("left" if side in "Ll" else "right")
	var text = name.to_lower()
	for separator in SEPARATORS:
		text = text.replace(separator, "")
	return text


# The plain forms of a name and of its ends, longest first: of "Face.M_F00_JawOpen" facemf00jawopen, mf00jawopen, …
static func forms(name):
	var found = [plain(name)]
	for i in range(1, name.length()):
		if name[i - 1] in SEPARATORS and not name[i] in SEPARATORS:
			found.append(plain(name.substr(i, name.length())))
	return found


# Which of `names` is called one of `wanted` (plain): its index, or -1. Whole names go before ends of names.
static func find(names, wanted):
	for name in wanted:
		for i in names.size():
			if plain(names[i]) == name:
				return i
	for name in wanted:
		for i in names.size():
			if name in forms(names[i]):
				return i
	for name in wanted:
		for i in names.size():
			if name.length() >= ENOUGH and plain(names[i]).ends_with(name):
				return i
	return -1
