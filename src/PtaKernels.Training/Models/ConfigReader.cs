using System.Text.Json;

namespace PtaKernels.Training;

/// <summary>Reads <c>config.json</c>; absent options have the values that <c>transformers</c> gives them.</summary>
internal static partial class ConfigReader
{
    /// <summary>Names of model types, as the files have them.</summary>
    public static readonly IReadOnlyDictionary<string, ModelFamily> Families = new Dictionary<string, ModelFamily>
    {
        ["llama"] = ModelFamily.Llama,
        ["mistral"] = ModelFamily.Mistral,
        ["qwen2"] = ModelFamily.Qwen2,
        ["mpt"] = ModelFamily.Mpt,
        ["gpt_neox"] = ModelFamily.GptNeoX,
    };

    private static readonly Dictionary<string, Activation> Activations = new()
    {
        ["silu"] = Activation.Silu,
        ["swish"] = Activation.Silu,
        ["gelu"] = Activation.Gelu,
        ["gelu_new"] = Activation.GeluTanh,
        ["gelu_fast"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
        ["relu"] = Activation.Relu,
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notice">Takes sentences about options that have no effect here.</param>
    /// <exception cref="AlignmentDataException">It is missing or not JSON, the family is unknown, or an option is not supported.</exception>
    public static ModelConfig Read(string path, Action<string> notice)
    {
        if (!File.Exists(path))
            throw new AlignmentDataException($"{path}: there is no such file; name a folder with a Hugging Face checkpoint.");
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(File.ReadAllText(path));
        }
        catch (JsonException e)
        {
            throw new AlignmentDataException($"{path}: it is not JSON; copy it again.", e);
        }

        using (json)
        {
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new AlignmentDataException($"{path}: it is no JSON object; copy it again.");
            return Read(new ConfigOptions(path, "", json.RootElement, notice));
        }
    }

    private static ModelConfig Read(ConfigOptions options)
    {
        ModelFamily family = options.Choice("model_type", "", Families);
        options.Ignore(
            "_name_or_path", "architectures", "auto_map", "torch_dtype", "dtype", "transformers_version", "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id",
            "unk_token_id", "use_cache", "initializer_range", "pretraining_tp", "tokenizer_class", "_attn_implementation", "_attn_implementation_autoset", "attn_implementation",
            "unsloth_version", "unsloth_fixed", "use_flash_attention_2", "gradient_checkpointing", "problem_type", "id2label", "label2id", "return_dict", "max_sequence_length",
            "task_specific_params", "output_attentions", "output_hidden_states", "chunk_size_feed_forward", "is_decoder", "_commit_hash", "model_max_length",
            "is_llama_config", "transformers.js_config", "pruned_heads", "finetuning_task", "torchscript", "temperature", "top_p", "top_k", "do_sample", "max_length",
            "repetition_penalty", "num_return_sequences");
        options.Dropout("attention_dropout", "hidden_dropout", "resid_pdrop", "emb_pdrop", "embd_pdrop", "classifier_dropout",
            "attention_probs_dropout_prob", "hidden_dropout_prob");
        ModelConfig config = family switch
        {
            ModelFamily.Mpt => ReadMpt(options),
            ModelFamily.GptNeoX => ReadGptNeoX(options),
            _ => ReadLlama(family, options),
        };
        options.Finish();
        return config;
    }

    private static ModelConfig ReadLlama(ModelFamily family, ConfigOptions options)
    {
        int heads = options.Count("num_attention_heads");
        int width = options.Count("hidden_size");
        int layers = options.Count("num_hidden_layers");
        int headWidth = options.Has("head_dim") ? options.Count("head_dim") : Divide(options, "hidden_size", width, "num_attention_heads", heads);
        int keyValueHeads = options.Count("num_key_value_heads", family switch
        {
            ModelFamily.Mistral => 8,
            ModelFamily.Qwen2 => 32,
            _ => heads,
        });
        Divide(options, "num_attention_heads", heads, "num_key_value_heads", keyValueHeads);
        int maxLength = options.Count("max_position_embeddings", family switch
        {
            ModelFamily.Mistral => 131072,
            ModelFamily.Qwen2 => 32768,
            _ => 2048,
        });
        options.Only("1", "partial_rotary_factor");
        bool bias = family == ModelFamily.Qwen2 || (family == ModelFamily.Llama && options.Flag("attention_bias", false));
        (int? window, int firstWindowLayer) = Window(family, options, layers);
        (double theta, RopeScaling? scaling) = Rope(options, "rope_theta", maxLength);
        if (headWidth % 2 != 0)
            throw options.Error("head_dim", $"is {headWidth}; rotary positions need an even one");
        return new ModelConfig
        {
            Family = family,
            Vocabulary = options.Count("vocab_size"),
            Width = width,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadWidth = headWidth,
            FeedForward = options.Count("intermediate_size"),
            MaxLength = maxLength,
            NormEpsilon = options.Positive("rms_norm_eps") ?? 1e-6,
            TiedEmbedding = options.Flag("tie_word_embeddings", false),
            Activation = options.Choice("hidden_act", "silu", Activations),
            AttentionBias = bias,
            OutputBias = bias && family == ModelFamily.Llama,
            FeedForwardBias = family == ModelFamily.Llama && options.Flag("mlp_bias", false),
            RopeTheta = theta,
            RotaryWidth = headWidth,
            RopeScaling = scaling,
            SlidingWindow = window,
            FirstWindowLayer = firstWindowLayer,
        };
    }

    /// <summary>The sliding window, and the first layer that it holds for.</summary>
    private static (int? Window, int First) Window(ModelFamily family, ConfigOptions options, int layers)
    {
        if (family == ModelFamily.Llama)
            return (null, 0);
        if (family == ModelFamily.Mistral)
        {
            // An explicit null means none; an absent option has the default of the class.
            return (options.IsNull("sliding_window") ? null : options.Count("sliding_window", 4096), 0);
        }

        bool used = options.Flag("use_sliding_window", false);
        int first = options.CountOrZero("max_window_layers", 28);
        int? window = options.IsNull("sliding_window") ? null : options.Count("sliding_window", 4096);
        if (options.Texts("layer_types") is { } types)
        {
            int full = types.TakeWhile(static t => t == "full_attention").Count();
            if (types.Length != layers || types.Skip(full).Any(static t => t != "sliding_attention"))
                throw options.Error("layer_types", "must be 'full_attention' for some first layers and 'sliding_attention' for all after them");
            used &= full < layers;
            first = full;
        }

        return used && window is not null && first < layers ? (window, first) : (null, 0);
    }
}
