using ILGPU;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>Distances between embedded tokens, for many small matrices or a large one: a block takes a tile of rows and columns.</summary>
/// <remarks>
/// A tile's vectors come into shared memory a piece at a time, eight threads side by side for one vector, so that memory is read in whole sectors. Then a lane has
/// a column and goes through four rows with it: its own sixteen numbers stay in registers, those of a row are the same for the whole warp. Sums are whole numbers,
/// so their order does not matter.
/// </remarks>
internal static class EmbeddingCosts
{
    /// <summary>Columns of a tile: one for each lane.</summary>
    public const int TileColumns = 32;

    /// <summary>Rows of a tile for each warp of the block.</summary>
    public const int RowsOfWarp = 4;

    private const int Threads = 128, MostRows = RowsOfWarp * Threads / 32;

    /// <summary>Quads of a piece.</summary>
    private const int Piece = 8;

    // A quad more than a piece, so that eight lanes that read 16 bytes each meet every bank once.
    private const int Stride = Piece + 1;

    /// <summary>Cosine distances; see <see cref="TokenEmbeddings.DistanceOf"/>.</summary>
    [GpuKernel(threads: Threads, registers: 64)]
    public static void Distances(Arguments arguments) => Run<CudaInstructions, Distance>(arguments);

    /// <summary><see cref="Distances"/> in plain C#.</summary>
    [GpuKernel(threads: Threads, registers: 64)]
    public static void PlainDistances(Arguments arguments) => Run<PlainInstructions, Distance>(arguments);

    /// <summary>Turns edit costs into semantic costs, in place; see <see cref="SemanticCosts"/>.</summary>
    [GpuKernel(threads: Threads, registers: 64)]
    public static void Costs(Arguments arguments) => Run<CudaInstructions, Semantic>(arguments);

    /// <summary><see cref="Costs"/> in plain C#.</summary>
    [GpuKernel(threads: Threads, registers: 64)]
    public static void PlainCosts(Arguments arguments) => Run<PlainInstructions, Semantic>(arguments);

    private static void Run<TInstructions, TEntry>(Arguments arguments)
        where TInstructions : struct, IInstructions
        where TEntry : struct, IEntry
    {
        ArrayView<VectorQuad> columnPieces = SharedMemory.Allocate1D<VectorQuad>(TileColumns * Stride), rowPieces = SharedMemory.Allocate1D<VectorQuad>(MostRows * Stride);
        int lane = Warp.LaneIdx, warps = Group.DimX / Warp.WarpSize, ownRow = RowsOfWarp * (Group.IdxX / Warp.WarpSize);
        int tileOfRows = Grid.IdxX / arguments.ColumnTiles, problem = tileOfRows / arguments.RowTiles;
        int firstColumn = (Grid.IdxX - (tileOfRows * arguments.ColumnTiles)) * TileColumns, firstRow = (tileOfRows - (problem * arguments.RowTiles)) * RowsOfWarp * warps;
        int rows = Math.Min(RowsOfWarp * warps, arguments.Rows - firstRow), columns = Math.Min(TileColumns, arguments.Columns - firstColumn);
        ArrayView<int> rowTokens = arguments.SourceTokens.SubView(((long)problem * arguments.Rows) + firstRow, rows);
        ArrayView<int> columnTokens = arguments.TargetTokens.SubView(((long)problem * arguments.Columns) + firstColumn, columns);
        bool works = lane < columns && ownRow < rows;
        int quads = arguments.Embeddings.Quads;
        Sums sums = default;
        for (int first = 0; first < quads; first += Piece)
        {
            int width = Math.Min(Piece, quads - first);
            Bring(arguments.Embeddings.Target, columnTokens, columns, quads, first, width, columnPieces);
            Bring(arguments.Embeddings.Source, rowTokens, rows, quads, first, width, rowPieces);
            Group.Barrier();
            // Rows that a tile lacks are computed from what lies there, and not stored.
            if (works)
                sums = Add<TInstructions>(sums, columnPieces, lane * Stride, rowPieces, ownRow * Stride, width);
            Group.Barrier();
        }

        if (!works)
            return;
        long firstListed = (long)problem * arguments.Rows, listedColumn = ((long)problem * arguments.Columns) + firstColumn + lane;
        Side column = TEntry.Of(columnTokens[lane], arguments.Embeddings.TargetKnown, arguments.TargetIds, listedColumn, arguments.TargetTexts);
        Store<TEntry>(arguments, firstListed, firstRow + ownRow, firstColumn + lane, column, sums.First);
        Store<TEntry>(arguments, firstListed, firstRow + ownRow + 1, firstColumn + lane, column, sums.Second);
        Store<TEntry>(arguments, firstListed, firstRow + ownRow + 2, firstColumn + lane, column, sums.Third);
        Store<TEntry>(arguments, firstListed, firstRow + ownRow + 3, firstColumn + lane, column, sums.Fourth);
    }

    /// <summary>A piece of some vectors, zeros where there is none.</summary>
    private static void Bring(ArrayView<VectorQuad> table, ArrayView<int> tokens, int count, int quads, int first, int width, ArrayView<VectorQuad> pieces)
    {
        for (int at = Group.IdxX; at < count * Piece; at += Group.DimX)
        {
            int vector = at / Piece, quad = at % Piece, token = tokens[vector];
            if (quad < width)
                pieces[(vector * Stride) + quad] = token < 0 ? default : table[((long)token * quads) + first + quad];
        }
    }

    private static Sums Add<TInstructions>(Sums sums, ArrayView<VectorQuad> columns, int column, ArrayView<VectorQuad> rows, int row, int width)
        where TInstructions : struct, IInstructions
    {
        for (int quad = 0; quad < width; quad++)
        {
            VectorQuad own = columns[column + quad];
            sums.First = Dot<TInstructions>(own, rows[row + quad], sums.First);
            sums.Second = Dot<TInstructions>(own, rows[row + Stride + quad], sums.Second);
            sums.Third = Dot<TInstructions>(own, rows[row + (2 * Stride) + quad], sums.Third);
            sums.Fourth = Dot<TInstructions>(own, rows[row + (3 * Stride) + quad], sums.Fourth);
        }

        return sums;
    }

    private static int Dot<TInstructions>(VectorQuad a, VectorQuad b, int sum)
        where TInstructions : struct, IInstructions =>
        TInstructions.Dot(a.W, b.W, TInstructions.Dot(a.Z, b.Z, TInstructions.Dot(a.Y, b.Y, TInstructions.Dot(a.X, b.X, sum))));

    private static void Store<TEntry>(in Arguments arguments, long firstListed, int row, int column, Side ofColumn, int dot)
        where TEntry : struct, IEntry
    {
        if (row >= arguments.Rows)
            return;
        long listed = firstListed + row, entry = (listed * arguments.Columns) + column;
        Side ofRow = TEntry.Of(arguments.SourceTokens[listed], arguments.Embeddings.SourceKnown, arguments.SourceIds, listed, arguments.SourceTexts);
        byte distance = ofRow.HasVector && ofColumn.HasVector ? TokenEmbeddings.DistanceOf(dot) : TokenEmbeddings.NoVector;
        arguments.Cost[entry] = TEntry.Of(ofRow, ofColumn, arguments.Cost, entry, distance, arguments.Share);
    }

    /// <summary>Arguments of all forms.</summary>
    internal struct Arguments
    {
        /// <summary>The vectors.</summary>
        public EmbeddingView Embeddings;

        /// <summary>[batch, n] source tokens, -1 where a row has no vector.</summary>
        public ArrayView<int> SourceTokens;

        /// <summary>[batch, m] target tokens, -1 where a column has none.</summary>
        public ArrayView<int> TargetTokens;

        /// <summary>n.</summary>
        public int Rows;

        /// <summary>m.</summary>
        public int Columns;

        /// <summary>Tiles that the rows of a problem take.</summary>
        public int RowTiles;

        /// <summary>Tiles that its columns take.</summary>
        public int ColumnTiles;

        /// <summary>[batch, n, m] receives distances; edits before and semantic costs after <see cref="EmbeddingCosts.Costs"/>.</summary>
        public ArrayView<byte> Cost;

        /// <summary>Lengths and roles of the rows' texts; this and what follows for <see cref="EmbeddingCosts.Costs"/> only.</summary>
        public ArrayView<TokenEntry> SourceTexts;

        /// <summary>Lengths and roles of the columns' texts.</summary>
        public ArrayView<TokenEntry> TargetTexts;

        /// <summary>[batch, n] texts of the rows, -1 for an empty slot.</summary>
        public ArrayView<int> SourceIds;

        /// <summary>[batch, m] texts of the columns, -1 for an empty slot.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>Of <see cref="SemanticCosts.ShareOf"/>.</summary>
        public int Share;
    }

    /// <summary>Dot products of a column with four rows.</summary>
    private struct Sums
    {
        public int First;
        public int Second;
        public int Third;
        public int Fourth;
    }

    /// <summary>What is known of a row or column.</summary>
    private struct Side
    {
        public bool HasVector;
        public bool HasText;
        public bool IsSpecial;
        public int Length;
    }

    /// <summary>What is read and stored of a pair.</summary>
    private interface IEntry
    {
        /// <summary>What is known of a row or column.</summary>
        /// <param name="token">Its token, or -1.</param>
        /// <param name="known">Whether tokens have vectors.</param>
        /// <param name="ids">Texts of all rows or columns.</param>
        /// <param name="listed">Its place there.</param>
        /// <param name="texts">Their lengths and roles.</param>
        static abstract Side Of(int token, ArrayView<byte> known, ArrayView<int> ids, long listed, ArrayView<TokenEntry> texts);

        /// <summary>An entry of the matrix.</summary>
        /// <param name="row">The row.</param>
        /// <param name="column">The column.</param>
        /// <param name="cost">The matrices.</param>
        /// <param name="entry">The entry's place.</param>
        /// <param name="distance">Its cosine distance, or <see cref="TokenEmbeddings.NoVector"/>.</param>
        /// <param name="share">Of <see cref="SemanticCosts.ShareOf"/>.</param>
        static abstract byte Of(Side row, Side column, ArrayView<byte> cost, long entry, byte distance, int share);
    }

    private readonly struct Distance : IEntry
    {
        public static Side Of(int token, ArrayView<byte> known, ArrayView<int> ids, long listed, ArrayView<TokenEntry> texts) =>
            new() { HasVector = token >= 0 && known[token] != 0 };

        public static byte Of(Side row, Side column, ArrayView<byte> cost, long entry, byte distance, int share) => distance;
    }

    private readonly struct Semantic : IEntry
    {
        public static Side Of(int token, ArrayView<byte> known, ArrayView<int> ids, long listed, ArrayView<TokenEntry> texts)
        {
            var side = new Side { HasVector = token >= 0 && known[token] != 0 };
            int id = ids[listed];
            if (id < 0)
                return side;
            TokenEntry text = texts[id];
            side.HasText = true;
            side.IsSpecial = text.IsSpecial;
            side.Length = text.Length;
            return side;
        }

        public static byte Of(Side row, Side column, ArrayView<byte> cost, long entry, byte distance, int share)
        {
            int edits = cost[entry];
            if (!row.HasText || !column.HasText || edits == 0)
                return 0;
            return row.IsSpecial || column.IsSpecial ? (byte)SemanticCosts.Most : SemanticCosts.Of(edits, Math.Max(row.Length, column.Length), distance, share);
        }
    }
}
