"""
The standard ROS 2 messages that exported bags hold, as definitions for MCAP.

Copied from common_interfaces 5.5 and rcl_interfaces 2.3 without their comments. A bag contains the
definitions, so a reader needs no ROS.
"""

_RULE = '=' * 80
_TIME = f'{_RULE}\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n'
_HEADER = (f'{_RULE}\nMSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n'
           f'{_TIME}')
_LAYOUT = (f'{_RULE}\nMSG: std_msgs/MultiArrayLayout\nMultiArrayDimension[] dim\n'
           f'uint32 data_offset\n{_RULE}\nMSG: std_msgs/MultiArrayDimension\nstring label\n'
           'uint32 size\nuint32 stride\n')

FLOATS = 'std_msgs/msg/Float32MultiArray'
STRING = 'std_msgs/msg/String'
JOINT_STATE = 'sensor_msgs/msg/JointState'
IMAGE = 'sensor_msgs/msg/CompressedImage'
BOOL, NUMBER = 'std_msgs/msg/Bool', 'std_msgs/msg/Float64'
DEFINITIONS = {
    FLOATS: f'MultiArrayLayout layout\nfloat32[] data\n{_LAYOUT}',
    STRING: 'string data\n', BOOL: 'bool data\n', NUMBER: 'float64 data\n',
    JOINT_STATE: ('std_msgs/Header header\nstring[] name\nfloat64[] position\n'
                  f'float64[] velocity\nfloat64[] effort\n{_HEADER}'),
    IMAGE: f'std_msgs/Header header\nstring format\nuint8[] data\n{_HEADER}',
}
