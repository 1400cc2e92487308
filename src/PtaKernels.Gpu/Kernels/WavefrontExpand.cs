using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Writes each row of a document's cost table out to target positions, in the order in which the lanes of <see cref="WavefrontKernel"/> load it.</summary>
/// <remarks>One block per document. A row of the table serves every source position that names it: about five on real text.</remarks>
internal static class WavefrontExpand
{
    /// <summary>8-bit costs.</summary>
    [GpuKernel(threads: 256, registers: 64, EmulatorThreads = 64)]
    public static void Bytes(Arguments<byte> arguments)
    {
        Begin(arguments, 1);
        PathPlan plan = arguments.Plans[Grid.IdxX];
        DocumentPath document = plan.Document;
        int lane = Warp.LaneIdx, warp = Group.IdxX >> 5, warps = Group.DimX >> 5, columns = document.TableColumns, lastRow = document.TableRows - 1;
        // Four rows of the table to a word, so that one gathered load serves four rows.
        int quads = (document.TableRows + 3) >> 2;
        for (int quad = warp; quad < quads; quad += warps)
        {
            int row = quad << 2;
            long row0 = document.CostStart + ((long)row * columns), row1 = document.CostStart + ((long)Math.Min(row + 1, lastRow) * columns);
            long row2 = document.CostStart + ((long)Math.Min(row + 2, lastRow) * columns), row3 = document.CostStart + ((long)Math.Min(row + 3, lastRow) * columns);
            long words = plan.Words + ((long)quad * columns);
            for (int c = lane; c < columns; c += 32)
            {
                arguments.Words[words + c] = arguments.Table[row0 + c] | ((uint)arguments.Table[row1 + c] << 8)
                    | ((uint)arguments.Table[row2 + c] << 16) | ((uint)arguments.Table[row3 + c] << 24);
            }
        }

        Group.Barrier();
        long pitch = plan.Strips * 32;
        for (int strip = 0; strip < plan.Strips; strip++)
        {
            int j = (strip * WavefrontKernel.StripColumns) + (16 * lane);
            int c0 = Column(arguments, document, j + 0), c1 = Column(arguments, document, j + 1), c2 = Column(arguments, document, j + 2), c3 = Column(arguments, document, j + 3);
            int c4 = Column(arguments, document, j + 4), c5 = Column(arguments, document, j + 5), c6 = Column(arguments, document, j + 6), c7 = Column(arguments, document, j + 7);
            int d0 = Column(arguments, document, j + 8), d1 = Column(arguments, document, j + 9), d2 = Column(arguments, document, j + 10), d3 = Column(arguments, document, j + 11);
            int d4 = Column(arguments, document, j + 12), d5 = Column(arguments, document, j + 13), d6 = Column(arguments, document, j + 14), d7 = Column(arguments, document, j + 15);
            for (int quad = warp; quad < quads; quad += warps)
            {
                ArrayView<uint> words = arguments.Words.SubView(plan.Words + ((long)quad * columns), columns);
                Four x = Transposed(words[c0], words[c1], words[d0], words[d1]), y = Transposed(words[c2], words[c3], words[d2], words[d3]);
                Four z = Transposed(words[c4], words[c5], words[d4], words[d5]), w = Transposed(words[c6], words[c7], words[d6], words[d7]);
                long to = plan.Costs + (strip * 32) + lane + (quad * 4 * pitch);
                arguments.Costs[to] = new CostVector { X = x.Row0, Y = y.Row0, Z = z.Row0, W = w.Row0 };
                arguments.Costs[to + pitch] = new CostVector { X = x.Row1, Y = y.Row1, Z = z.Row1, W = w.Row1 };
                arguments.Costs[to + (2 * pitch)] = new CostVector { X = x.Row2, Y = y.Row2, Z = z.Row2, W = w.Row2 };
                arguments.Costs[to + (3 * pitch)] = new CostVector { X = x.Row3, Y = y.Row3, Z = z.Row3, W = w.Row3 };
            }
        }
    }

    /// <summary>16-bit costs.</summary>
    [GpuKernel(threads: 256, registers: 64, EmulatorThreads = 64)]
    public static void Shorts(Arguments<ushort> arguments)
    {
        Begin(arguments, 2);
        PathPlan plan = arguments.Plans[Grid.IdxX];
        DocumentPath document = plan.Document;
        int lane = Warp.LaneIdx, warp = Group.IdxX >> 5, warps = Group.DimX >> 5;
        // A part is the four low and four high columns of one vector.
        for (int part = 0; part < 2 * plan.Strips; part++)
        {
            int j = ((part >> 1) * WavefrontKernel.StripColumns) + (16 * lane) + (4 * (part & 1));
            int c0 = Column(arguments, document, j), c1 = Column(arguments, document, j + 1), c2 = Column(arguments, document, j + 2), c3 = Column(arguments, document, j + 3);
            int d0 = Column(arguments, document, j + 8), d1 = Column(arguments, document, j + 9), d2 = Column(arguments, document, j + 10), d3 = Column(arguments, document, j + 11);
            long to = plan.Costs + (part * 32) + lane + ((long)warp * plan.Strips * 64);
            long from = document.CostStart + ((long)warp * document.TableColumns);
            for (int row = warp; row < document.TableRows; row += warps)
            {
                arguments.Costs[to] = new CostVector
                {
                    X = Word(arguments.Table, from, c0, d0),
                    Y = Word(arguments.Table, from, c1, d1),
                    Z = Word(arguments.Table, from, c2, d2),
                    W = Word(arguments.Table, from, c3, d3),
                };
                to += (long)warps * plan.Strips * 64;
                from += (long)warps * document.TableColumns;
            }
        }
    }

    /// <summary>Marks the document as not done and writes its row offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Begin<T>(Arguments<T> arguments, int parts)
        where T : unmanaged
    {
        PathPlan plan = arguments.Plans[Grid.IdxX];
        int length = plan.Document.SourceLength, pitch = plan.Strips * 32 * parts;
        if (Group.IdxX == 0)
            arguments.Totals[plan.Index] = -1;
        for (int k = Group.IdxX; k < length + WavefrontKernel.RowsBefore + WavefrontKernel.RowsAfter; k += Group.DimX)
        {
            int i = Math.Min(Math.Max(k - WavefrontKernel.RowsBefore, 0), length - 1);
            arguments.Rows[(long)plan.Rows + k] = arguments.SourceRows[plan.Document.SourceStart + i] * pitch;
        }
    }

    /// <summary>The table's column of a target position; beyond the last one that of the last, whose cells are on no path.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Column<T>(Arguments<T> arguments, DocumentPath document, int j)
        where T : unmanaged =>
        arguments.TargetColumns[document.TargetStart + Math.Min(j, document.TargetLength - 1)];

    /// <summary>Four words of four rows each, as four rows of four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Four Transposed(uint low, uint nextLow, uint high, uint nextHigh)
    {
        const uint Even = 0x00FF_00FF;
        uint lows02 = (low & Even) | ((nextLow << 8) & ~Even), lows13 = ((low >> 8) & Even) | (nextLow & ~Even);
        uint highs02 = (high & Even) | ((nextHigh << 8) & ~Even), highs13 = ((high >> 8) & Even) | (nextHigh & ~Even);
        return new Four
        {
            Row0 = (lows02 & 0xFFFF) | (highs02 << 16),
            Row1 = (lows13 & 0xFFFF) | (highs13 << 16),
            Row2 = (lows02 >> 16) | (highs02 & 0xFFFF_0000),
            Row3 = (lows13 >> 16) | (highs13 & 0xFFFF_0000),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ArrayView<ushort> table, long row, int low, int high) => table[row + low] | ((uint)table[row + high] << 16);

    /// <summary>Words of four rows.</summary>
    private struct Four
    {
        public uint Row0, Row1, Row2, Row3;
    }

    /// <summary>Arguments of both kernels.</summary>
    /// <typeparam name="T">A cost.</typeparam>
    internal struct Arguments<T>
        where T : unmanaged
    {
        /// <summary>[documents] one block each.</summary>
        public ArrayView<PathPlan> Plans;

        /// <summary>The tables, row-major.</summary>
        public ArrayView<T> Table;

        /// <summary>Row of the table for each source position.</summary>
        public ArrayView<int> SourceRows;

        /// <summary>Column of the table for each target position.</summary>
        public ArrayView<int> TargetColumns;

        /// <summary>Scratch of 8-bit costs: four rows of a table to a word, [row / 4][column].</summary>
        public ArrayView<uint> Words;

        /// <summary>Receives the expanded costs, rows of a table up to a multiple of 4.</summary>
        public ArrayView<CostVector> Costs;

        /// <summary>Receives the row offsets.</summary>
        public ArrayView<int> Rows;

        /// <summary>[documents] receives -1.</summary>
        public ArrayView<long> Totals;
    }
}
