using System.Runtime.InteropServices;

[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]

namespace PtaKernels.Native;

/// <summary>The functions of <c>native/include/ptakernels.h</c>, which documents them.</summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = NativeLibraryFile.Name;

    [LibraryImport(Library, EntryPoint = "pta_abi_version")]
    public static partial uint AbiVersion();

    [LibraryImport(Library, EntryPoint = "pta_version")]
    public static partial byte* Version();

    [LibraryImport(Library, EntryPoint = "pta_last_error")]
    public static partial byte* LastError();

    [LibraryImport(Library, EntryPoint = "pta_default_isa")]
    public static partial NativeStatus DefaultIsa(byte** name);

    [LibraryImport(Library, EntryPoint = "pta_check_isa", StringMarshalling = StringMarshalling.Utf8)]
    public static partial NativeStatus CheckIsa(string? name);

    [LibraryImport(Library, EntryPoint = "pta_workspace_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial NativeStatus WorkspaceCreate(string? isa, nint* workspace);

    [LibraryImport(Library, EntryPoint = "pta_workspace_destroy")]
    public static partial void WorkspaceDestroy(nint workspace);

    [LibraryImport(Library, EntryPoint = "pta_workspace_isa")]
    public static partial byte* WorkspaceIsa(WorkspaceHandle workspace);

    [LibraryImport(Library, EntryPoint = "pta_tape_create")]
    public static partial NativeStatus TapeCreate(NativeTapeView* view, nint* tape);

    [LibraryImport(Library, EntryPoint = "pta_tape_destroy")]
    public static partial void TapeDestroy(nint tape);

    [LibraryImport(Library, EntryPoint = "pta_cost_matrix_u8")]
    public static partial NativeStatus CostMatrix(
        WorkspaceHandle workspace, TapeHandle source, int* sourceTokens, long n, TapeHandle target, int* targetTokens, long m, byte* cost, long rowStride);

    [LibraryImport(Library, EntryPoint = "pta_cost_matrix_u16")]
    public static partial NativeStatus CostMatrix(
        WorkspaceHandle workspace, TapeHandle source, int* sourceTokens, long n, TapeHandle target, int* targetTokens, long m, ushort* cost, long rowStride);

    [LibraryImport(Library, EntryPoint = "pta_cost_matrices_u8")]
    public static partial NativeStatus CostMatrices(
        WorkspaceHandle workspace, TapeHandle source, int* sourceTokens, TapeHandle target, int* targetTokens, long batch, int rows, int columns, byte* cost);

    [LibraryImport(Library, EntryPoint = "pta_embeddings_create")]
    public static partial NativeStatus EmbeddingsCreate(NativeEmbeddingsView* view, nint* embeddings);

    [LibraryImport(Library, EntryPoint = "pta_embeddings_destroy")]
    public static partial void EmbeddingsDestroy(nint embeddings);

    [LibraryImport(Library, EntryPoint = "pta_embedding_costs_u8")]
    public static partial NativeStatus EmbeddingCosts(
        WorkspaceHandle workspace, EmbeddingsHandle embeddings, int* sourceTokens, long n, int* targetTokens, long m, byte* cost, long rowStride);

    [LibraryImport(Library, EntryPoint = "pta_find_nearest_tokens")]
    public static partial NativeStatus FindNearestTokens(
        WorkspaceHandle workspace, TapeHandle source, int* sourceTokens, long n, TapeHandle target, int* nearest, int* distance);

    [LibraryImport(Library, EntryPoint = "pta_find_alignment_path_u8")]
    public static partial NativeStatus FindAlignmentPath(
        WorkspaceHandle workspace, int* source, long n, int* target, long m, byte* cost, long rows, long columns, long rowStride, int* steps, long capacity,
        long* count, long* total);

    [LibraryImport(Library, EntryPoint = "pta_find_alignment_path_u16")]
    public static partial NativeStatus FindAlignmentPath(
        WorkspaceHandle workspace, int* source, long n, int* target, long m, ushort* cost, long rows, long columns, long rowStride, int* steps, long capacity,
        long* count, long* total);

    [LibraryImport(Library, EntryPoint = "pta_solve_transport_u8")]
    public static partial NativeStatus SolveTransport(
        WorkspaceHandle workspace, NativeTransportOptions* options, long batch, int n, int m, byte* cost, double* a, double* b, double* plan, double* f, double* g,
        NativeOutcome* outcomes);

    [LibraryImport(Library, EntryPoint = "pta_solve_transport_f64")]
    public static partial NativeStatus SolveTransport(
        WorkspaceHandle workspace, NativeTransportOptions* options, long batch, int n, int m, double* cost, double* a, double* b, double* plan, double* f, double* g,
        NativeOutcome* outcomes);

    [LibraryImport(Library, EntryPoint = "pta_vocabulary_pair_create")]
    public static partial NativeStatus VocabularyPairCreate(NativeVocabularyView* source, NativeVocabularyView* target, NativeOfficialView* official, nint* pair);

    [LibraryImport(Library, EntryPoint = "pta_vocabulary_pair_destroy")]
    public static partial void VocabularyPairDestroy(nint pair);

    [LibraryImport(Library, EntryPoint = "pta_vocabulary_pair_set_encoder")]
    public static partial NativeStatus VocabularyPairSetEncoder(VocabularyPairHandle pair, delegate* unmanaged<nint, byte*, int, int> encoder, nint user);

    [LibraryImport(Library, EntryPoint = "pta_vocabulary_pair_set_embeddings")]
    public static partial NativeStatus VocabularyPairSetEmbeddings(VocabularyPairHandle pair, EmbeddingsHandle embeddings);

    [LibraryImport(Library, EntryPoint = "pta_align_capacity")]
    public static partial long AlignCapacity(NativeAlignOptions* options, int targetLength, int sourceK, int targetK);

    [LibraryImport(Library, EntryPoint = "pta_align_batch")]
    public static partial NativeStatus AlignBatch(
        WorkspaceHandle workspace, VocabularyPairHandle pair, NativeAlignOptions* options, NativeDocument* documents, long count);
}
