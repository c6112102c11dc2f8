# A character: finds its blend shapes and its head, neck and eye bones by name, and shows frames with them.
extends RefCounted

const Names = preload("facecue_names.gd")

var map = {}  # wire name -> name of a blend shape, or an array of them; goes before what is found
var bone_map = {}  # "head", "neck", "left_eye", "right_eye" -> name of a bone; "" leaves it alone
var gain = 1.0
var neck_share = 0.3  # of the head's turn, where there is a neck
var eye_share = 1.0  # of the gaze that eye bones make
var shift_share = 0.0  # of the head's shift that its bone makes

var _root = null
var _known = 0  # names that were looked for
var _shapes = []  # for each weight: [[mesh instance, index of its blend shape], ...]
var _skeleton = null
var _bones = {}  # "head" … -> [index, how it stands at rest in the character]


# Looks through `root` and all below it for what the weights called `names` move. Says what it found.
func find(root, names):
	_root = root
	_known = names.size()
	_shapes = []
	for _i in names:
		_shapes.append([])
	_skeleton = null
	_bones = {}
	var plain = []
	for name in names:
		plain.append(Names.plain(name))
	_search(root, names, plain)
	var moved = 0
	for targets in _shapes:
		moved += 1 if targets else 0
	return "%d of %d names move a blend shape; bones: %s" % [moved, names.size(), ", ".join(PackedStringArray(_bones.keys()))]


func show(frame, names):
	if _root == null or not is_instance_valid(_root):
		return
	if names.size() > _known:  # VMC names its expressions as they come
		find(_root, names)
	for i in min(frame.weights.size(), _shapes.size()):
		for target in _shapes[i]:
			if is_instance_valid(target[0]):
				target[0].set_blend_shape_value(target[1], frame.weights[i] * gain)
	if _skeleton != null and is_instance_valid(_skeleton):
		_pose(frame)


func _search(node, names, plain):
	if node is MeshInstance3D and node.mesh is ArrayMesh:
		_take_mesh(node, names, plain)
	elif node is Skeleton3D and not "head" in _bones:
		_take_skeleton(node)
	for child in node.get_children():
		_search(child, names, plain)


func _take_mesh(node, names, plain):
	var shapes = []
	for i in node.mesh.get_blend_shape_count():
		shapes.append(str(node.mesh.get_blend_shape_name(i)))
	for i in names.size():
		var wanted = map.get(names[i])
		if wanted == null:
			var at = Names.find(shapes, [plain[i]])
			wanted = [] if at < 0 else [shapes[at]]
		elif wanted is String:
			wanted = [wanted]
		for shape in wanted:
			if shape in shapes:
				_shapes[i].append([node, shapes.find(shape)])


func _take_skeleton(node):
	var names = []
	for i in node.get_bone_count():
		names.append(node.get_bone_name(i))
	var found = {}
	for bone in Names.BONES:
		var at = names.find(bone_map[bone]) if bone in bone_map else Names.find(names, Names.BONES[bone])
		if at >= 0:
			found[bone] = [at, _rest_turn(node, at)]
	if "head" in found or _skeleton == null:
		_skeleton = node
		_bones = found


# How a bone stands at rest in the frame of the character, which faces +Z: its skeleton may lie in it at any angle.
func _rest_turn(node, bone):
	var turn = Basis()
	while bone >= 0:
		turn = node.get_bone_rest(bone).basis * turn
		bone = node.get_bone_parent(bone)
	while node is Node3D and node != _root:
		turn = node.transform.basis * turn
		node = node.get_parent()
	return turn.orthonormalized().get_rotation_quaternion()


func _pose(frame):
	var head = frame.head
	if "neck" in _bones:  # about the same axis: neck and head add up to the whole turn
		_turn("neck", Quaternion().slerp(head, neck_share), Vector3())
		head = Quaternion().slerp(head, 1.0 - neck_share)
	_turn("head", head, frame.shift * 0.01 * shift_share)
	_turn("right_eye", _looking(frame.gaze[0], frame.gaze[1]), Vector3())
	_turn("left_eye", _looking(frame.gaze[2], frame.gaze[3]), Vector3())


# A pose holds the rest: a turn of the head frame, as a bone sees it that stands otherwise, behind it.
func _turn(bone, turn, metres):
	if not bone in _bones:
		return
	var at = _bones[bone][0]
	var rest = _bones[bone][1]
	var back = rest.inverse()
	var own = _skeleton.get_bone_rest(at)
	_skeleton.set_bone_pose_rotation(at, own.basis.get_rotation_quaternion() * (back * turn * rest))
	_skeleton.set_bone_pose_position(at, own.origin + own.basis * (back * metres))


# The turn of an eye: pitch first, so that it does not roll; left is + about y, up is - about x.
func _looking(yaw, pitch):
	return Quaternion(Vector3.UP, yaw * eye_share) * Quaternion(Vector3.RIGHT, -pitch * eye_share)
