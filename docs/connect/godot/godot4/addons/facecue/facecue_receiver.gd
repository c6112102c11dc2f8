# A face from facecue. Put this node below a character (or name the character in `target`), run the scene and
# `facecue demo`: blend shapes with ARKit or VRM names move, and head, neck and eyes where there is a skeleton.
class_name FacecueReceiver
extends Node

const Wire = preload("facecue_wire.gd")
const Frame = preload("facecue_frame.gd")
const Buffer = preload("facecue_buffer.gd")
const Puppet = preload("facecue_puppet.gd")

signal frame_received(frame)  # as it came, before it is played: facecue_frame.gd
signal emotion_changed(emotion, probability)  # another of Frame.EMOTIONS leads
signal state_changed(state)  # "closed", "refused" (the port is taken), "listening", "receiving"

const PACKETS = 256  # looked into at most in one frame of the engine
const ROOM = 262144  # bytes that may wait while the engine is busy: more than a second of either wire
const LEAD = 0.1  # by which another emotion must lead

@export_range(1, 65535) var port: int = 9000  # osc:// and vmc:// both
@export var address: String = "127.0.0.1"  # "*" listens to other machines too
@export var only_from: String = ""  # an IP address: others are passed over
@export var actor: String = "face"  # empty takes anybody's frames
@export var target: NodePath = NodePath("..")  # the character; all below it is looked through
@export var map: Dictionary = {}  # wire name -> name of your blend shape, or an array of names
@export var bones: Dictionary = {}  # "head", "neck", "left_eye", "right_eye" -> name of your bone, "" for none
@export_range(0.0, 2.0) var gain: float = 1.0
@export_range(0.0, 1.0) var neck_share: float = 0.3
@export_range(0.0, 1.0) var eye_share: float = 1.0
@export_range(0.0, 1.0) var shift_share: float = 0.0
@export_range(0.0, 0.5) var least_delay_s: float = 0.02
@export_range(0.0, 2.0) var hold_s: float = 0.3
@export_range(0.05, 5.0) var ease_s: float = 0.6

var wire = Wire.new()
var buffer = Buffer.new()
var puppet = Puppet.new()
var state = "closed"
var emotion = "neutral"
var report = ""  # what of the character moves
var foreign = 0  # packets of others than `only_from`

var _socket = PacketPeerUDP.new()
var _heard_at = -1.0


func _ready():
	open()


func _exit_tree():
	close()


# Listens, and looks at the character anew: call it after a change of what is exported.
func open():
	close()
	wire.actor = actor
	buffer.least_delay_s = least_delay_s
	buffer.hold_s = hold_s
	buffer.ease_s = ease_s
	puppet.map = map
	puppet.bone_map = bones
	puppet.gain = gain
	puppet.neck_share = neck_share
	puppet.eye_share = eye_share
	puppet.shift_share = shift_share
	var character = get_node_or_null(target)
	report = "there is no node %s" % target if character == null else puppet.find(character, wire.names)
	_be("listening" if _socket.bind(port, address, ROOM) == OK else "refused")


func close():
	_socket.close()
	_be("closed")


func _process(_delta):
	var now_s = Time.get_ticks_usec() * 1e-6
	if _socket.is_bound():
		_receive(now_s)
		_be("receiving" if _heard_at >= 0.0 and now_s - _heard_at < 1.0 else "listening")
	var frame = buffer.sample(now_s)
	puppet.show(frame, wire.names)
	_feel(frame)


func _receive(now_s):
	for _i in PACKETS:
		if _socket.get_available_packet_count() <= 0:
			return
		var packet = _socket.get_packet()
		if only_from != "" and _socket.get_packet_ip() != only_from:
			foreign += 1
			continue
		for frame in wire.take(packet, now_s):
			_heard_at = now_s
			frame_received.emit(frame)
			buffer.push(frame, now_s)


func _feel(frame):
	var most = 0
	for i in frame.emotion.size():
		if frame.emotion[i] > frame.emotion[most]:
			most = i
	var felt = frame.emotion[Frame.EMOTIONS.find(emotion)]
	if Frame.EMOTIONS[most] != emotion and frame.emotion[most] > felt + LEAD:
		emotion = Frame.EMOTIONS[most]
		emotion_changed.emit(emotion, frame.emotion[most])


func _be(now):
	if now != state:
		state = now
		state_changed.emit(state)
