import Glibc
import LeaseholdCommand

exit(await Leasectl.run(Array(CommandLine.arguments.dropFirst())))
