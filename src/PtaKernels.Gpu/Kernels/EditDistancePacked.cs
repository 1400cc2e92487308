using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>
/// Tables of documents, u8: a lane keeps the columns of up to four tokens in the bits of one word (<see cref="ColumnClasses"/>), a warp walks the symbols of one row
/// past all of them with Myers' recurrence, and a block keeps the columns' masks of equal symbols for all its rows.
/// </summary>
/// <remarks>
/// The masks are a hash table by symbol in shared memory: a row's lanes look up its symbols, one each, and then read their own word of one symbol after the other.
/// Special and long tokens go by <see cref="EditDistancePair"/>, as do tiles with more distinct symbols than the table holds.
/// </remarks>
internal static class EditDistancePacked
{
    /// <summary>Rows of a block.</summary>
    public const int PieceRows = 256;

    /// <summary>Most symbols of a row: distances are then at most 254.</summary>
    public const int LongestRow = 254;

    /// <summary>Distinct symbols of a tile are fewer, or it goes pair by pair.</summary>
    public const int Slots = 256;

    // Divisions by Warp.WarpSize are not folded.
    private const int Lanes = 32, LanesShift = 5;

    // What stands in Arguments.Left.
    private const byte SomeRows = 1, AllRows = 2;

    // No symbol: they are not negative.
    private const int Empty = -1;

    /// <summary>Blocks that a table may need, whatever its tokens are.</summary>
    public static int BlocksFor(int rows, int columns) => rows == 0 || columns == 0 ? 0 : checked(((rows + PieceRows - 1) / PieceRows) * ((columns / Lanes) + 4));

    /// <summary>A block per piece of rows and tile of columns.</summary>
    [GpuKernel(threads: 256, registers: 40, EmulatorThreads = 64)]
    public static void Bytes(Arguments arguments)
    {
        ArrayView<int> keys = SharedMemory.Allocate1D<int>(Slots).AsContiguous();
        ArrayView<uint> masks = SharedMemory.Allocate1D<uint>((Slots + 1) * Lanes).AsContiguous();
        ArrayView<int> used = SharedMemory.Allocate1D<int>(1).AsContiguous();
        Place place = Place.OfBlock(arguments);
        // Left over pairs are those of whole rows or whole tiles.
        if (place.Count == 0 || place.Shift == 0)
            return;
        DocumentTable table = arguments.Documents[place.Document];
        ArrayView<int> order = arguments.Order.SubView(place.FirstColumn, place.Count);
        ArrayView<int> ids = arguments.TargetIds.SubView(table.TargetStart, table.TargetCount);
        BuildMasks(arguments.Target, order, ids, place.Shift, keys, masks, used);
        if (used[0] == Slots)
        {
            arguments.Left[Grid.IdxX] = AllRows;
            return;
        }

        var columns = PackedColumns.Load(arguments.Target, order, ids, place.Shift);
        ArrayView<uint> own = masks.SubView(Warp.LaneIdx, (Slots * Lanes) + 1);
        int warps = Group.DimX >> LanesShift;
        for (int row = place.FirstRow + (Group.IdxX >> LanesShift); row < place.EndRow; row += warps)
        {
            TokenEntry source = arguments.Source.Tokens[arguments.SourceIds[table.SourceStart + row]];
            if (!Takes(source))
            {
                arguments.Left[Grid.IdxX] = SomeRows;
                continue;
            }

            PackedDifferences last = Walk(arguments.Source.Quads.Cast<int>(), source, columns, keys, own);
            columns.Store(last, source.Length, place.Shift, arguments.Cost.SubView(table.CostStart + ((long)row * table.TargetCount), table.TargetCount));
        }
    }

    /// <summary>The pairs that <see cref="Bytes"/> left, one at a time, but for those of two long tokens; the same blocks.</summary>
    [GpuKernel(threads: 256, registers: 64)]
    public static void Rest(Arguments arguments)
    {
        Place place = Place.OfBlock(arguments);
        if (place.Count == 0 || (place.Shift != 0 && arguments.Left[Grid.IdxX] == 0))
            return;
        bool all = place.Shift == 0 || arguments.Left[Grid.IdxX] == AllRows;
        DocumentTable table = arguments.Documents[place.Document];
        bool outside = false;
        for (int row = place.FirstRow + (Group.IdxX >> LanesShift); row < place.EndRow; row += Group.DimX >> LanesShift)
        {
            TokenEntry source = arguments.Source.Tokens[arguments.SourceIds[table.SourceStart + row]];
            if (!all && Takes(source))
                continue;
            for (int at = Warp.LaneIdx; at < place.Count; at += Warp.WarpSize)
            {
                int column = arguments.Order[place.FirstColumn + at];
                int distance = EditDistancePair.Of(arguments.Source, source, arguments.Target, arguments.Target.Tokens[arguments.TargetIds[table.TargetStart + column]]);
                if (distance < 0)
                    continue;
                outside |= distance > ByteWidth.Most;
                arguments.Cost[table.CostStart + ((long)row * table.TargetCount) + column] = ByteWidth.Of(distance);
            }
        }

        if (outside)
            arguments.Range[place.Document] = 1;
    }

    private static bool Takes(TokenEntry row) => !row.IsSpecial && row.Length <= LongestRow;

    /// <summary>The vertical differences of the row's last symbol.</summary>
    private static PackedDifferences Walk(ArrayView<int> symbols, TokenEntry source, PackedColumns columns, ArrayView<int> keys, ArrayView<uint> own)
    {
        var differences = new PackedDifferences { Positive = columns.Rows };
        int lane = Warp.LaneIdx;
        for (int first = 0; first < source.Length; first += Lanes)
        {
            int steps = Math.Min(Lanes, source.Length - first), slot = Slots;
            if (lane < steps)
                slot = SlotOf(keys, symbols[(4L * source.Start) + first + lane]);
            slot *= Lanes;
            for (int step = 0; step < steps; step++)
                differences = differences.Next(own[Warp.Shuffle(slot, step)], columns.Lows, columns.Body);
        }

        return differences;
    }

    /// <summary>The table of a tile; all threads of the block together.</summary>
    private static void BuildMasks(TapeView target, ArrayView<int> order, ArrayView<int> ids, int shift, ArrayView<int> keys, ArrayView<uint> masks, ArrayView<int> used)
    {
        for (int slot = Group.IdxX; slot < Slots; slot += Group.DimX)
            keys[slot] = Empty;
        if (Group.IdxX == 0)
            used[0] = 0;
        Group.Barrier();
        ArrayView<int> symbols = target.Quads.Cast<int>();
        int items = order.IntLength << shift, last = (1 << shift) - 1;
        for (int item = Group.IdxX; item < items; item += Group.DimX)
        {
            int symbol = SymbolAt(target, symbols, ids[order[item >> shift]], item & last);
            if (symbol != Empty)
                Insert(keys, symbol, used);
        }

        Group.Barrier();
        // Rows of slots that are not taken are never read; the one past the last is that of all other symbols.
        for (int slot = Group.IdxX >> LanesShift; slot <= Slots; slot += Group.DimX >> LanesShift)
        {
            if (slot == Slots || keys[slot] != Empty)
                masks[(slot * Lanes) + Warp.LaneIdx] = 0;
        }

        Group.Barrier();
        if (used[0] < Slots)
        {
            for (int item = Group.IdxX; item < items; item += Group.DimX)
            {
                int at = item >> shift, row = item & last, symbol = SymbolAt(target, symbols, ids[order[at]], row);
                if (symbol != Empty)
                    Atomic.Or(ref masks[(SlotOf(keys, symbol) * Lanes) + (at % Lanes)], 1u << ((at / Lanes << shift) + row));
            }
        }

        Group.Barrier();
    }

    private static int SymbolAt(TapeView target, ArrayView<int> symbols, int id, int row)
    {
        TokenEntry token = target.Tokens[id];
        return row < token.Length ? symbols[(4L * token.Start) + row] : Empty;
    }

    // Bytes have a slot of their own.
    private static int HashOf(int symbol) => (symbol ^ (symbol >> 8)) & (Slots - 1);

    private static void Insert(ArrayView<int> keys, int symbol, ArrayView<int> used)
    {
        int slot = HashOf(symbol);
        for (int tries = 0; tries < Slots; tries++)
        {
            int key = Atomic.CompareExchange(ref keys[slot], Empty, symbol);
            if (key == Empty)
                Atomic.Add(ref used[0], 1);
            if (key == Empty || key == symbol)
                return;
            slot = (slot + 1) & (Slots - 1);
        }
    }

    /// <summary>Where a symbol's masks are, or <see cref="Slots"/>. Some slot is empty.</summary>
    private static int SlotOf(ArrayView<int> keys, int symbol)
    {
        int slot = HashOf(symbol), key = keys[slot];
        while (key != symbol && key != Empty)
        {
            slot = (slot + 1) & (Slots - 1);
            key = keys[slot];
        }

        return key == symbol ? slot : Slots;
    }

    /// <summary>The rows and columns of a block.</summary>
    private struct Place
    {
        /// <summary>Which table.</summary>
        public int Document;

        /// <summary>First row.</summary>
        public int FirstRow;

        /// <summary>Past the last row.</summary>
        public int EndRow;

        /// <summary>First column in the order of the classes of all tables.</summary>
        public int FirstColumn;

        /// <summary>Columns; 0 past the last tile.</summary>
        public int Count;

        /// <summary>Logarithm of the bits that a column takes, or 0: special and long columns.</summary>
        public int Shift;

        public static Place OfBlock(Arguments arguments)
        {
            // The last table whose first block is not past this one.
            int low = 0, high = (int)arguments.FirstBlocks.Length - 1;
            while (low < high)
            {
                int middle = (low + high + 1) >> 1;
                bool right = arguments.FirstBlocks[middle] <= Grid.IdxX;
                low = right ? middle : low;
                high = right ? high : middle - 1;
            }

            int block = Grid.IdxX - arguments.FirstBlocks[low], rows = arguments.Documents[low].SourceCount;
            int pieces = (rows + PieceRows - 1) / PieceRows, tile = block / pieces, firstRow = (block - (tile * pieces)) * PieceRows;
            var place = new Place { Document = low, FirstRow = firstRow, EndRow = Math.Min(firstRow + PieceRows, rows), FirstColumn = arguments.FirstColumns[low] };
            ClassCounts counts = arguments.Counts[low];
            place = place.Cut(counts.Bytes, 3, tile);
            tile -= TilesOf(counts.Bytes, 3);
            if (tile < 0)
                return place;
            place.FirstColumn = arguments.FirstColumns[low] + counts.Bytes;
            place = place.Cut(counts.Halves, 4, tile);
            tile -= TilesOf(counts.Halves, 4);
            if (tile < 0)
                return place;
            place.FirstColumn = arguments.FirstColumns[low] + counts.Bytes + counts.Halves;
            place = place.Cut(counts.Words, 5, tile);
            tile -= TilesOf(counts.Words, 5);
            if (tile < 0)
                return place;
            place.FirstColumn = arguments.FirstColumns[low] + counts.Bytes + counts.Halves + counts.Words;
            place = place.Cut(counts.Rest, 5, tile);
            place.Shift = 0;
            return place;
        }

        private static int TilesOf(int count, int shift) => (count + ColumnsOf(shift) - 1) / ColumnsOf(shift);

        private static int ColumnsOf(int shift) => (Lanes * 32) >> shift;

        private readonly Place Cut(int count, int shift, int tile)
        {
            int skipped = Math.Min(tile * ColumnsOf(shift), count);
            Place place = this;
            place.FirstColumn += skipped;
            place.Count = Math.Min(count - skipped, ColumnsOf(shift));
            place.Shift = shift;
            return place;
        }
    }

    /// <summary>Arguments of <see cref="Bytes"/>.</summary>
    internal struct Arguments
    {
        /// <summary>Tape of the rows.</summary>
        public TapeView Source;

        /// <summary>Tape of the columns.</summary>
        public TapeView Target;

        /// <summary>Ids on the source tape.</summary>
        public ArrayView<int> SourceIds;

        /// <summary>Ids on the target tape.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>[tables], at least one.</summary>
        public ArrayView<DocumentTable> Documents;

        /// <summary>[tables] blocks of the tables before, each with <see cref="BlocksFor"/>; those of a table without blocks are those of the next.</summary>
        public ArrayView<int> FirstBlocks;

        /// <summary>[tables] columns of the tables before.</summary>
        public ArrayView<int> FirstColumns;

        /// <summary>[all columns] each table's columns, class by class.</summary>
        public ArrayView<int> Order;

        /// <summary>[tables].</summary>
        public ArrayView<ClassCounts> Counts;

        /// <summary>[blocks] what <see cref="Bytes"/> leaves to <see cref="Rest"/>; all 0 before.</summary>
        public ArrayView<byte> Left;

        /// <summary>Costs; distances that do not fit become 255.</summary>
        public ArrayView<byte> Cost;

        /// <summary>[tables] becomes 1 where a distance did not fit.</summary>
        public ArrayView<int> Range;
    }
}
