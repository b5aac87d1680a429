# The hand at the fuse: reads "push FOLDER" and "cut MOUNT" line by line, answers "done".
# cut: EXT4_IOC_SHUTDOWN with NOLOGFLUSH: what was not written is gone, names too.
# push: until the cut, single pages of the files of a folder are written out, in no order.
import contextlib, fcntl, os, random, struct, sys, threading

SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2
pushing = None


@contextlib.contextmanager
def opened(path, how):
    fd = os.open(path, how)
    try:
        yield fd
    finally:
        # An open file would hold the disk.
        os.close(fd)


def push(folder, over):
    while not over.wait(0.001):
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                if name.startswith("office.") and random.random() < 0.5:
                    with opened(os.path.join(folder, name), os.O_RDONLY) as fd:
                        page = random.randrange(os.fstat(fd).st_size // 4096 + 1)
                        os.posix_fadvise(fd, page * 4096, 4096 * random.randint(1, 8), os.POSIX_FADV_DONTNEED)
            if random.random() < 0.15:
                with opened(os.path.join(folder, "other"), os.O_CREAT | os.O_WRONLY) as fd:
                    os.write(fd, b"x" * random.randint(1, 5000))
                    os.fsync(fd)


for line in sys.stdin:
    what, path = line.rstrip("\n").split(" ", 1)
    try:
        if what == "push":
            over = threading.Event()
            thread = threading.Thread(target=push, args=(path, over), daemon=True)
            thread.start()
            pushing = (over, thread)
        else:
            with opened(path, os.O_RDONLY) as fd:
                fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NOLOGFLUSH))
            if pushing:
                pushing[0].set()
                pushing[1].join()
                pushing = None
        print("done", flush=True)
    except OSError as fault:
        print(fault, flush=True)
