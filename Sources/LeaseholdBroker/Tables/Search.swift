/// The first position at which an ascending list is not before something that is looked for.
///
/// Looks near a guess first: a few steps from it in ever larger strides, and what is left by halves. A good guess reads
/// little of the list, and a bad one no more than twice what a search by halves does.
@inline(__always)
func firstPosition(in count: Int, near guess: Int, isBefore: (Int) -> Bool) -> Int {
    guard count > 0 else { return 0 }
    var low = min(max(0, guess), count - 1)
    var high = low
    var stride = 1
    if isBefore(low) {
        repeat {
            low = high + 1
            high = min(count, high + stride)
            stride *= 2
        } while high < count && isBefore(high)
    } else {
        repeat {
            high = low
            low = max(0, low - stride)
            stride *= 2
        } while low < high && !isBefore(low)
    }
    while low < high {
        let middle = (low + high) / 2
        if isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
}
