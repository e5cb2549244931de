"""
The package's metadata, all of it here: pip and colcon both read this file.

A [project] table in pyproject.toml would break colcon's ament_python builds.
"""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = 'abm_ros'

# A machine without ROS gets the real rclpy and Fast DDS as wheels. They must stay an extra: where
# ROS comes from a distribution, they would shadow it. Without [fastrtps], rclpy finds no RMW.
ROS = [
    'ros-rclpy[fastrtps]==9.1.2',
    # One release of common_interfaces: messages of two releases may differ in their type hash.
    'ros-diagnostic-msgs==5.5.1',
    'ros-geometry-msgs==5.5.1',
    'ros-sensor-msgs==5.5.1',
    'ros-std-msgs==5.5.1',
    'ros-std-srvs==5.5.1',
    'ros-trajectory-msgs==5.5.1',
    'ros-visualization-msgs==5.5.1',  # `abm markers` alone
    # One release of rcl_interfaces, the one that rclpy 9.1.2 was built with.
    'ros-builtin-interfaces==2.3.0',
    'ros-lifecycle-msgs==2.3.0',
    'ros-rcl-interfaces==2.3.0',
    'ros-rosgraph-msgs==2.3.0',
]
# panda-gym is not here: its metadata forbids numpy 2, with which it works. Install it by
# `pip install --no-deps panda-gym==3.0.7`; gymnasium, pybullet and scipy are what it needs.
SIM = [
    'gymnasium>=1.0,<2',
    'pin>=3.0,<5',
    'pybullet==3.2.7',  # the release whose physics the learning figures were measured with
]
LEARN = [
    'onnx>=1.16,<2',
    'torch==2.13.0',  # snapshots and figures were made with it; a looser pin may pull CUDA
]
# What `abm bench learn` compares with and draws with.
BENCH = [
    'matplotlib>=3.8',
    # One release of both: the baseline's figures hang on its code.
    'sb3_contrib==2.9.2',
    'stable_baselines3==2.9.2',
]
# `abm evolve`: the strategy, and workers in a cluster.
EVOLVE = [
    'cma>=4.0,<5',
    'ray>=2.40,<3',
]
# Bags and data sets, and the images in them.
EXPORT = [
    'mcap-ros2-support>=0.5.5',
    'pyarrow>=15',
]
# The window by itself (`abm dashboard`); inside rqt its Qt is used. Not 6.12.0: under Python 3.11
# each of its calls that returns nothing takes a reference from None, until the process aborts.
DASHBOARD = ['PySide6-Essentials>=6.5,<6.12']
TEST = [
    'hypothesis>=6.100',
    'pytest>=8,<9',  # launch_testing breaks pytest 9
    'pytest-timeout>=2.3',
    'pytest-xdist>=3.6,<4',  # graphs mostly wait: the other tests run beside them
    'rosbags>=0.10',  # reads exported bags, independently of what wrote them
]
DEV = [
    'import-linter>=2.5,<3',  # who may import whom: pyproject.toml
    'mkdocs>=1.6,<1.7',  # the documents as a site, with its links checked: `make docs`
    'mypy>=2.0,<3',
    'ruff>=0.17,<0.18',  # rule sets change between minor releases
    'types-PyYAML>=6.0',
    'vulture>=2.14,<3',  # what nothing calls
]

setup(
    name=PACKAGE,
    version='0.1.0',
    description='A robot that manages its own learning: the A-B-M architecture as a ROS 2 graph',
    author='The abm_ros authors',
    author_email='abm-ros@users.noreply.github.com',
    maintainer='The abm_ros authors',
    maintainer_email='abm-ros@users.noreply.github.com',
    license='Apache-2.0',
    classifiers=[
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    python_requires='>=3.11',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    zip_safe=False,
    # Ranges, not pins: next to a distribution's ROS these come from the distribution too.
    install_requires=[
        'numpy>=1.26',
        'opencv-python-headless>=4.8',  # camera images; headless: no Qt beside rqt's
        'onnxruntime>=1.17',
        'pyyaml>=6.0',
        'rich>=13.0',
        'ruamel.yaml>=0.17',  # refuses a key that stands twice, which PyYAML does not
        'safetensors>=0.4',
        'scipy>=1.11',  # nearest neighbours
    ],
    extras_require={
        'ros': ROS,
        'sim': SIM,
        'learn': LEARN,
        'bench': BENCH,
        'evolve': EVOLVE,
        'export': EXPORT,
        'dashboard': DASHBOARD,
        'test': TEST,
        'dev': TEST + DEV,
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (f'share/{PACKAGE}', ['package.xml', 'plugin.xml']),
        (f'share/{PACKAGE}/config', glob('config/*.*')),
        (f'share/{PACKAGE}/config/lives', glob('config/lives/*.yaml')),
        (f'share/{PACKAGE}/launch', glob('launch/*.launch.py')),
        (f'share/{PACKAGE}/urdf', glob('urdf/*.urdf')),
        # pip ignores install_scripts of setup.cfg; `ros2 run` and launch look only here.
        (f'lib/{PACKAGE}', glob('scripts/*')),
    ],
    entry_points={'console_scripts': ['abm = abm_ros.cli.main:main']},
)
