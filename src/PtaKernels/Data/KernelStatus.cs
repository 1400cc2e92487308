namespace PtaKernels;

/// <summary>What a kernel says of a whole call whose result may not fit.</summary>
public enum KernelStatus
{
    /// <summary>Every value is exact.</summary>
    Ok = 0,

    /// <summary>A distance did not fit the destination (over 254 for u8, over 65,534 for u16); those entries hold 255 or 65,535, all others are exact.</summary>
    Range = 1,
}

/// <summary>Bad input of SPEC A5: one sentence that says what, where (document, row, column) and what to do.</summary>
public sealed class AlignmentDataException : Exception
{
    /// <summary>An error without a document.</summary>
    public AlignmentDataException(string message)
        : base(message)
    {
    }

    /// <summary>An error of one document.</summary>
    public AlignmentDataException(string document, string message)
        : base($"document {document}: {message}") => Document = document;

    /// <summary>An error with a cause.</summary>
    public AlignmentDataException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>An error; use the other constructors.</summary>
    public AlignmentDataException()
    {
    }

    /// <summary>The document at fault, when one is.</summary>
    public string? Document { get; }

    /// <summary>The same error, naming the source in whose alignment it was found.</summary>
    public AlignmentDataException WithSource(string source) =>
        Document is null ? this : new AlignmentDataException(Document, $"{Message[(Message.IndexOf(": ", Document.Length, StringComparison.Ordinal) + 2)..].TrimEnd('.')} (aligning source {source}).");
}
