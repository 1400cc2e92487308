using System.Text.Encodings.Web;
using System.Text.Json;

namespace PtaKernels.Training.Safetensors;

/// <summary>How the JSON files of a checkpoint are written: two spaces, letters as they are.</summary>
internal static class JsonText
{
    /// <summary>Over several lines.</summary>
    public static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
