using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>One cost matrix among many: which ids make its rows and columns, and where it goes.</summary>
internal struct DocumentTable
{
    /// <summary>First of its ids among the source ids.</summary>
    public int SourceStart;

    /// <summary>Rows.</summary>
    public int SourceCount;

    /// <summary>First of its ids among the target ids.</summary>
    public int TargetStart;

    /// <summary>Columns, also the stride of a row.</summary>
    public int TargetCount;

    /// <summary>Its first entry in the costs.</summary>
    public long CostStart;
}

/// <summary>Cost matrices of any shape and any distances, each with its own ids: a warp takes a piece of one row, a lane every 32nd column of it.</summary>
internal static class EditDistanceTables
{
    /// <summary>Columns that a warp takes.</summary>
    public const int PieceColumns = 512;

    /// <summary>u16; a warp per piece of a row.</summary>
    [GpuKernel(threads: 256, registers: 64)]
    public static void Words(Arguments arguments)
    {
        Piece piece = FindPiece(arguments.Rows, arguments.Documents, arguments.FirstRows, arguments.Pieces);
        if (piece.Row < 0)
            return;
        DocumentTable document = arguments.Documents[piece.Document];
        TokenEntry source = arguments.Source.Tokens[arguments.SourceIds[document.SourceStart + piece.Row]];
        ArrayView<ushort> row = arguments.Cost.SubView(document.CostStart + ((long)piece.Row * document.TargetCount), document.TargetCount);
        bool outside = false;
        for (int column = piece.First + Warp.LaneIdx; column < piece.End; column += Warp.WarpSize)
        {
            TokenEntry target = arguments.Target.Tokens[arguments.TargetIds[document.TargetStart + column]];
            int distance = EditDistancePair.Of(arguments.Source, source, arguments.Target, target);
            if (distance < 0)
                continue;
            outside |= distance > WordWidth.Most;
            row[column] = WordWidth.Of(distance);
        }

        if (outside)
            arguments.Range[piece.Document] = 1;
    }

    /// <summary>The piece of this warp; row -1 past the last.</summary>
    private static Piece FindPiece(int rows, ArrayView<DocumentTable> documents, ArrayView<int> firstRows, int pieces)
    {
        int item = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize;
        int row = item / pieces;
        if (row >= rows)
            return new Piece { Row = -1 };
        // The last document whose first row is not past this one.
        int low = 0, high = (int)documents.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >> 1;
            bool right = firstRows[middle] <= row;
            low = right ? middle : low;
            high = right ? high : middle - 1;
        }

        int first = (item - (row * pieces)) * PieceColumns, count = documents[low].TargetCount;
        return new Piece { Document = low, Row = row - firstRows[low], First = first, End = first + PieceColumns < count ? first + PieceColumns : count };
    }

    /// <summary>Where a warp works.</summary>
    private struct Piece
    {
        /// <summary>Which table.</summary>
        public int Document;

        /// <summary>Row of the table.</summary>
        public int Row;

        /// <summary>First column.</summary>
        public int First;

        /// <summary>Past the last column.</summary>
        public int End;
    }

    /// <summary>Arguments of <see cref="Words"/>.</summary>
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

        /// <summary>[documents], at least one.</summary>
        public ArrayView<DocumentTable> Documents;

        /// <summary>[documents] rows of the documents before; those of a document without rows are those of the next.</summary>
        public ArrayView<int> FirstRows;

        /// <summary>Rows of all documents.</summary>
        public int Rows;

        /// <summary>Pieces of <see cref="PieceColumns"/> columns that the widest table has.</summary>
        public int Pieces;

        /// <summary>Costs; distances that do not fit become the largest value.</summary>
        public ArrayView<ushort> Cost;

        /// <summary>[documents] becomes 1 where a distance did not fit.</summary>
        public ArrayView<int> Range;
    }
}
