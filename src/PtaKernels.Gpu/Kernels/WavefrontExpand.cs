using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Writes each row of a document's cost table out to target positions, in the order in which the lanes of <see cref="WavefrontKernel"/> load it.</summary>
/// <remarks>One block per document. A row of the table serves every source position that names it: about five on real text.</remarks>
internal static class WavefrontExpand
{
    /// <summary>8-bit costs.</summary>
    [GpuKernel(threads: 256, registers: 64)]
    public static void Bytes(Arguments<byte> arguments)
    {
        Begin(arguments, 1);
        PathPlan plan = arguments.Plans[Grid.IdxX];
        DocumentPath document = plan.Document;
        int lane = Warp.LaneIdx, warp = Group.IdxX >> 5, warps = Group.DimX >> 5;
        for (int strip = 0; strip < plan.Strips; strip++)
        {
            int j = (strip * WavefrontKernel.StripColumns) + (16 * lane);
            int c0 = Column(arguments, document, j), c1 = Column(arguments, document, j + 1), c2 = Column(arguments, document, j + 2), c3 = Column(arguments, document, j + 3);
            int c4 = Column(arguments, document, j + 4), c5 = Column(arguments, document, j + 5), c6 = Column(arguments, document, j + 6), c7 = Column(arguments, document, j + 7);
            int d0 = Column(arguments, document, j + 8), d1 = Column(arguments, document, j + 9), d2 = Column(arguments, document, j + 10), d3 = Column(arguments, document, j + 11);
            int d4 = Column(arguments, document, j + 12), d5 = Column(arguments, document, j + 13), d6 = Column(arguments, document, j + 14), d7 = Column(arguments, document, j + 15);
            long to = plan.Costs + (strip * 32) + lane + ((long)warp * plan.Strips * 32);
            long from = document.CostStart + ((long)warp * document.TableColumns);
            for (int row = warp; row < document.TableRows; row += warps)
            {
                arguments.Costs[to] = new CostVector
                {
                    X = Word(arguments.Table, from, c0, c1, d0, d1),
                    Y = Word(arguments.Table, from, c2, c3, d2, d3),
                    Z = Word(arguments.Table, from, c4, c5, d4, d5),
                    W = Word(arguments.Table, from, c6, c7, d6, d7),
                };
                to += (long)warps * plan.Strips * 32;
                from += (long)warps * document.TableColumns;
            }
        }
    }

    /// <summary>16-bit costs.</summary>
    [GpuKernel(threads: 256, registers: 64)]
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ArrayView<byte> table, long row, int low, int nextLow, int high, int nextHigh) =>
        table[row + low] | ((uint)table[row + nextLow] << 8) | ((uint)table[row + high] << 16) | ((uint)table[row + nextHigh] << 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ArrayView<ushort> table, long row, int low, int high) => table[row + low] | ((uint)table[row + high] << 16);

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

        /// <summary>Receives the expanded costs.</summary>
        public ArrayView<CostVector> Costs;

        /// <summary>Receives the row offsets.</summary>
        public ArrayView<int> Rows;

        /// <summary>[documents] receives -1.</summary>
        public ArrayView<long> Totals;
    }
}
