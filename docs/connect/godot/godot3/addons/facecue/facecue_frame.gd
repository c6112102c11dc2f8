# One frame of a face, in the units of docs/wire.md. The head frame (x the subject's left, y up, z out of the face, right-
# handed) is Godot's own for a model that faces +Z, as glTF has it: nothing has to be converted.
extends Reference

const ARKIT = [
	"browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
	"cheekPuff", "cheekSquintLeft", "cheekSquintRight",
	"eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
	"eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
	"eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
	"jawForward", "jawLeft", "jawOpen", "jawRight",
	"mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
	"mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
	"mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
	"mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
	"mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
]
const EMOTIONS = ["angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised"]

var number = 0  # since the stream began; -1 from VMC
var time_s = 0.0  # audio time
var weights = []  # 0..1; the 52 of ARKIT first, then what else VMC names
var gaze = [0.0, 0.0, 0.0, 0.0]  # radians: right yaw, right pitch, left yaw, left pitch; + left, + up
var head = Quat()  # against the resting head
var shift = Vector3()  # cm, the same
var emotion = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]  # probabilities of EMOTIONS


func _init():
	weights.resize(ARKIT.size())
	rest()


# The resting face.
func rest():
	for i in weights.size():
		weights[i] = 0.0
	gaze = [0.0, 0.0, 0.0, 0.0]
	head = Quat()
	shift = Vector3()
	emotion = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]


func copy():
	var other = get_script().new()
	other.number = number
	other.time_s = time_s
	other.weights = weights.duplicate()
	other.gaze = gaze.duplicate()
	other.head = head
	other.shift = shift
	other.emotion = emotion.duplicate()
	return other


# Makes this frame the one between `a` (share 0) and `b` (share 1): numbers linearly, the head's turn on the sphere.
func between(a, b, share):
	number = a.number
	time_s = lerp(a.time_s, b.time_s, share)
	weights.resize(int(max(a.weights.size(), b.weights.size())))
	for i in weights.size():
		var from = a.weights[i] if i < a.weights.size() else 0.0
		var to = b.weights[i] if i < b.weights.size() else 0.0
		weights[i] = from + (to - from) * share
	for i in 4:
		gaze[i] = lerp(a.gaze[i], b.gaze[i], share)
	for i in 8:
		emotion[i] = lerp(a.emotion[i], b.emotion[i], share)
	head = a.head.slerp(b.head, share).normalized()
	shift = a.shift.linear_interpolate(b.shift, share)
